"""The HTTP door: health, metrics, webhooks, and the operator's own socket."""
