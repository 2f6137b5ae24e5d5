"""What nox runs, a module a family. No logic of its own: sessions call labeille."""
