// Draws the OpenAPI document, and tries requests with the session of whoever reads it.
const place = document.getElementById("swagger-ui");
const token = document.querySelector('meta[name="csrf-token"]').content;

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.url,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
  requestInterceptor: (request) => {
    request.headers["X-CSRFToken"] = token;
    return request;
  },
});
