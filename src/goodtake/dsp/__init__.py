"""Signal processing in NumPy: short-time Fourier transform, mel, filters, loudness."""
