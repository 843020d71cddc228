// Shows the OpenAPI document with Swagger UI. In a file of its own: the pages' policy allows no inline script.

/* global SwaggerUIBundle */
const docs = document.getElementById("docs");

SwaggerUIBundle({ domNode: docs, url: docs.dataset.document });
