"""What ties tasks to other packages. Each is imported only where it is at work."""
