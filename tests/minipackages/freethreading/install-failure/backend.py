raise RuntimeError("no compiler for it")
