"""Intake: images and label maps come in over HTTP, gRPC, folders and URL lists, and go out on the stream."""
