"""The outside world on one desk, over real HTTP: for the demo and the tests, never for production."""
