"""The home screen: what is in this folder, and each thing live beside it."""
