"""The building blocks of video diffusion: models of the Stable Diffusion family, one denoising loop, and what plugs into it. No tasks, no pages."""
