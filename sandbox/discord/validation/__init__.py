"""What the platform takes and what it refuses, with its own codes and words."""
