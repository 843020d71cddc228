"""The schemas of all requests and responses of the API, in a module for each resource."""
