"""What is deployed: images, compose file, local servers."""
