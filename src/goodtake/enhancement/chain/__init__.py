"""Paper 1's engines: mel-to-mel and a musecoder at 16 kHz, carried back to the take's rate and channels."""
