"""What a number is: floats, symbols, balls, ball Taylor series, noisy floats. Each is ignorant of the others."""
