"""Large open models, driven through the pipelines of diffusers: what a card names is loaded, placed, run, watched and stopped here, alike for every family."""
