// Shows the OpenAPI document with Swagger UI. In a file of its own: the pages' policy allows no inline script.

/* global SwaggerUIBundle */
const docs = document.getElementById("docs");

// "Try it out" fills in the example of every parameter, and a search with all of them at once is an error. An example
// under the name "x-example" is shown, but not filled in.
function leaveOptionalParametersEmpty(spec) {
  for (const operation of Object.values(spec.paths).flatMap(Object.values)) {
    for (const parameter of operation.parameters ?? []) {
      if (!parameter.required && "example" in parameter) {
        parameter["x-example"] = parameter.example;
        delete parameter.example;
      }
    }
  }
  return spec;
}

const updateJsonSpec = (update) => (spec) => update(leaveOptionalParametersEmpty(spec));

SwaggerUIBundle({
  domNode: docs,
  url: docs.dataset.document,
  plugins: [{ statePlugins: { spec: { wrapActions: { updateJsonSpec } } } }],
});
