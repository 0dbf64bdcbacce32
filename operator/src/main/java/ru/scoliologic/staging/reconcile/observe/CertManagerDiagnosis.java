package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.SharedIngress;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.ingress.SharedIngressResources;

/**
 * Reads why cert-manager has not issued a certificate: from the issuer, the last request, then the
 * certificate. Read only while a certificate is missing.
 */
final class CertManagerDiagnosis {
  private static final Duration FRESH = Duration.ofSeconds(5);
  private static final String CERTIFICATE_OF = "cert-manager.io/certificate-name";

  private final KubernetesClient client;
  private final Clock clock;
  private final EnvironmentMemories.Slot<Map<Owed, Said>> said;

  CertManagerDiagnosis(KubernetesClient client, Clock clock, EnvironmentMemories memories) {
    this.client = client;
    this.clock = clock;
    this.said = memories.slot();
  }

  /**
   * The cause, by kind and name of the certificate; a certificate without a known cause is absent.
   *
   * @param secrets names of the existing Secrets
   */
  Map<String, String> read(
      StagingEnvironment environment, OwnedObjects owned, Set<String> secrets) {
    var shared = environment.getSpec().ingress().shared();
    if (shared == null || !shared.issued()) {
      return Map.of();
    }
    var now = clock.instant();
    var known = said.get(environment.getMetadata().getUid(), ConcurrentHashMap::new);
    known.values().removeIf(last -> !now.isBefore(last.at().plus(FRESH)));
    var causes = new HashMap<String, String>();
    owned.list(Ingress.class).stream()
        .filter(SharedIngressResources::asks)
        .flatMap(ingress -> ingress.getSpec().getTls().stream())
        .map(tls -> tls.getSecretName())
        .filter(name -> name != null && !secrets.contains(name))
        .forEach(name ->
            known
                .computeIfAbsent(
                    new Owed(environment.getMetadata().getNamespace(), name, shared),
                    owed -> new Said(now, cause(owed)))
                .cause()
                .ifPresent(cause -> causes.put(SharedIngressResources.certificate(name), cause)));
    return causes;
  }

  private Optional<String> cause(Owed owed) {
    try {
      var issuer = issuer(owed);
      return issuer.isPresent()
          ? issuer
          : request(owed)
              .or(() ->
                  Optional.ofNullable(get("Certificate", owed.namespace(), owed.name()))
                      .flatMap(certificate -> lacks(certificate, "is not issued yet")));
    } catch (KubernetesClientException e) {
      // The cause is not reported; nothing else is delayed.
      return Optional.empty();
    }
  }

  private Optional<String> issuer(Owed owed) {
    var name = owed.shared().clusterIssuer();
    var issuer =
        name != null
            ? get("ClusterIssuer", null, name)
            : get("Issuer", owed.namespace(), owed.shared().issuer());
    if (issuer == null) {
      return Optional.of(
          name != null
              ? "ClusterIssuer %s does not exist".formatted(name)
              : "Issuer %s does not exist in namespace %s"
                  .formatted(owed.shared().issuer(), owed.namespace()));
    }
    return lacks(issuer, "is not ready yet");
  }

  private Optional<String> request(Owed owed) {
    return client
        .genericKubernetesResources(context("CertificateRequest", true))
        .inNamespace(owed.namespace())
        .list()
        .getItems()
        .stream()
        .filter(request -> request.getMetadata().getAnnotations() != null)
        .filter(request ->
            owed.name().equals(request.getMetadata().getAnnotations().get(CERTIFICATE_OF)))
        .max(Comparator.comparing(request -> request.getMetadata().getCreationTimestamp()))
        .flatMap(request -> lacks(request, "has no answer yet"));
  }

  /** The message of its condition Ready while that is not true. */
  private static Optional<String> lacks(GenericKubernetesResource object, String otherwise) {
    List<Map<String, Object>> conditions = object.get("status", "conditions");
    var ready =
        Stream.ofNullable(conditions)
            .flatMap(List::stream)
            .filter(condition -> "Ready".equals(condition.get("type")))
            .findFirst();
    if (ready.filter(condition -> "True".equals(condition.get("status"))).isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        "%s %s %s"
            .formatted(
                object.getKind(),
                object.getMetadata().getName(),
                ready.map(c -> c.get("message")).map(m -> "says: " + m).orElse(otherwise)));
  }

  private GenericKubernetesResource get(String kind, String namespace, String name) {
    var objects = client.genericKubernetesResources(context(kind, namespace != null));
    return namespace == null
        ? objects.withName(name).get()
        : objects.inNamespace(namespace).withName(name).get();
  }

  private static ResourceDefinitionContext context(String kind, boolean namespaced) {
    return new ResourceDefinitionContext.Builder()
        .withGroup("cert-manager.io")
        .withVersion("v1")
        .withKind(kind)
        .withPlural(kind.toLowerCase(Locale.ROOT) + "s")
        .withNamespaced(namespaced)
        .build();
  }

  private record Owed(String namespace, String name, SharedIngress shared) {}

  private record Said(Instant at, Optional<String> cause) {}
}
