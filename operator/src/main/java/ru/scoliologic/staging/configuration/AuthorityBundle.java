package ru.scoliologic.staging.configuration;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.Snapshot;

/** Certificates of an authority that the system does not trust. */
record AuthorityBundle(Snapshot snapshot, Problems problems) {
  /** PEM certificates; empty when none are configured, or when the configured ones are unusable. */
  String pem() {
    if (snapshot.environment().getSpec().ingress().sharesController()) {
      return sharedAuthority();
    }
    var bundle = CertificateAuthority.inUse(snapshot.environment()).caBundle();
    if (bundle == null) {
      return "";
    }
    var ref = bundle.configMapKeyRef();
    var configMap = snapshot.configMaps().get(ref.name());
    var pem =
        configMap == null || configMap.getData() == null
            ? null
            : configMap.getData().get(ref.key());
    if (pem == null) {
      problems.missingConfigMap(
          "ConfigMap %s with key %s (caBundle of spec.ingress.acme)"
              .formatted(ref.name(), ref.key()));
      return "";
    }
    if (!holdsCertificates(pem)) {
      problems.invalid(
          "key %s of ConfigMap %s holds no PEM certificates (caBundle of spec.ingress.acme)"
              .formatted(ref.key(), ref.name()));
      return "";
    }
    return pem;
  }

  /** The authority that cert-manager writes beside a certificate; empty when absent. */
  private String sharedAuthority() {
    var shared = snapshot.environment().getSpec().ingress().shared();
    var name =
        shared.tlsSecretRef() == null
            ? Names.tls(snapshot.names().app())
            : shared.tlsSecretRef().name();
    return Optional.ofNullable(snapshot.secrets().get(name))
        .map(secret -> Settings.values(secret).get("ca.crt"))
        .filter(AuthorityBundle::holdsCertificates)
        .orElse("");
  }

  static boolean holdsCertificates(String pem) {
    try {
      return !CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)))
          .isEmpty();
    } catch (CertificateException e) {
      return false;
    }
  }
}
