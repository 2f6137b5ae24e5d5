"""What a source tree says of itself: build, declared requirements, pytest's settings, imports."""
