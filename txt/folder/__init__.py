"""What is in a folder, and the next commands for each thing in it; nothing here loads torch."""
