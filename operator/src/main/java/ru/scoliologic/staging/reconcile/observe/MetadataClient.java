package ru.scoliologic.staging.reconcile.observe;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.fabric8.kubernetes.client.impl.KubernetesClientImpl;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;

/** Asks for the metadata of objects only: the server leaves out spec, status and data. */
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
        serialization());
  }

  /** An empty list of metadata has no items, not even an empty array. */
  private static KubernetesSerialization serialization() {
    var mapper = new ObjectMapper();
    mapper.configOverride(List.class).setSetterInfo(JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY));
    var serialization = new KubernetesSerialization(mapper, false);
    // What ends a watch is one.
    serialization.registerKubernetesResource(Status.class);
    return serialization;
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
