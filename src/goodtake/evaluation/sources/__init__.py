"""Where the clean clips of a benchmark come from: sound libraries, folders, published datasets, our own renderer."""
