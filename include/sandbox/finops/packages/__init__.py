"""The data-package API: data projects, exports and imports, their files and the storage these pass through."""
