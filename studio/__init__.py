"""The product around the engine: page, run panel, library. Gradio lives here and in `tabs`; torch, OpenCV and decoding do not."""
