"""Systems that a benchmark can name: doing nothing, classical methods, oracles, engines, commands, finished outputs."""
