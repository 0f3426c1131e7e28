"""What txt runs on here, and what to do where something is missing; read without loading any of it."""
