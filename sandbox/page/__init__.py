"""The page on which a person plays everybody: both platforms side by side, in one browser."""
