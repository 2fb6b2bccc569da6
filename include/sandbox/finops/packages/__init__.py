"""The data-package API: data projects, exports, their files and the storage they are downloaded from."""
