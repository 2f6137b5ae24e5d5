"""Keeps pytest out of this folder: these packages crash, hang and flood on purpose."""

collect_ignore_glob = ["*"]
