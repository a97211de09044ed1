"""The bots: registry, onboarding, updates kept before they are acknowledged, one dispatcher, one limiter."""
