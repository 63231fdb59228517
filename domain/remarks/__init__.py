"""What customers and merchants write in free text, read as instructions."""
