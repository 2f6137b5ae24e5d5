"""Has a build backend that crashes."""
