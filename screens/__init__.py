"""The screens of the terminal app: they ask the engine through its front door only."""
