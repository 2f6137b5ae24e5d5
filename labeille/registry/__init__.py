"""Package files: model, store, selection, edits, validation."""
