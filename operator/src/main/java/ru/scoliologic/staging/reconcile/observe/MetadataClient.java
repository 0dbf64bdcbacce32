package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.impl.KubernetesClientImpl;

/** Asks for the metadata of objects only: the server leaves out what they hold. */
final class MetadataClient {
  private MetadataClient() {}

  /** A client that shares connections with the given one, and ends with it. */
  static KubernetesClient of(KubernetesClient client) {
    return new KubernetesClientImpl(
        client
            .getHttpClient()
            .newBuilder()
            .addOrReplaceInterceptor("metadata-only", new MetadataOnly())
            .build(),
        client.getConfiguration(),
        null,
        client.getKubernetesSerialization());
  }

  private static final class MetadataOnly implements Interceptor {
    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      var query = request.uri().getQuery();
      boolean watches = query != null && query.contains("watch=true");
      // Without the fallback an error could not be answered.
      builder.setHeader(
          "Accept",
          "application/json;as=%s;g=meta.k8s.io;v=v1, application/json"
              .formatted(watches ? "PartialObjectMetadata" : "PartialObjectMetadataList"));
    }
  }
}
