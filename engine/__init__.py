"""Everything that makes pictures move. No Gradio import anywhere below this package."""

__version__ = "0.1.0"
