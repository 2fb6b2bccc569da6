"""Finance & Operations, emulated: OData service, metadata and the data-package API."""
