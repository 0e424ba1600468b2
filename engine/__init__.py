"""Everything that makes pictures move. No Gradio import anywhere below this package."""
