"""What lies in a folder, and what can be done next with each thing in it; nothing here loads torch."""
