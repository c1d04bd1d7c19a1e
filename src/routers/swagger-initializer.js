// The script that Swagger UI's page begins with, in place of the one it comes with, which can neither sort nor do without its top bar.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

window.onload = () => {
  document.title = "Clento API";
  window.ui = SwaggerUIBundle({
    url: "/api-docs/openapi.json",
    dom_id: "#swagger-ui",
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    // Every operation shows its schemas; the list of them all stays folded below.
    defaultModelsExpandDepth: 0,
    // Else a page that is not on localhost is shown to a validator on the internet.
    validatorUrl: null,
    operationsSorter: (a, b) => {
      const [[path, rank], [otherPath, otherRank]] = [a, b].map((it) => [it.get("path"), METHODS.indexOf(it.get("method"))]);
      return path === otherPath ? rank - otherRank : path < otherPath ? -1 : 1;
    },
  });
};
