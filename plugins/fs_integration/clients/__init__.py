"""Talk to Entra, Finance & Operations and Dataverse: tokens, one transport, metadata, reads as frames, bulk writes."""
