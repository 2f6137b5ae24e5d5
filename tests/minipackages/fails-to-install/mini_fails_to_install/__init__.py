"""Has a build backend that gives up."""
