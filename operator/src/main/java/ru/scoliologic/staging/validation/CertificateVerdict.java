package ru.scoliologic.staging.validation;

import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.X509TrustManager;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.stage.Reason;

/** Assesses a served certificate. */
final class CertificateVerdict {
  private static final String TRAEFIK_DEFAULT = "CN=TRAEFIK DEFAULT CERT";
  private static final int DNS_NAME = 2;

  private CertificateVerdict() {}

  /** The problem with the chain for this host, if any. */
  static Optional<Problem> judge(
      List<X509Certificate> chain,
      String host,
      IngressSpec.Server server,
      X509TrustManager trust,
      Instant now) {
    if (chain.isEmpty()) {
      return problem(Reason.CHECKS_FAILED, "no certificate is served for " + host);
    }
    var leaf = chain.getFirst();
    if (leaf.getSubjectX500Principal().getName().contains(TRAEFIK_DEFAULT)) {
      return problem(
          Reason.CERTIFICATE_NOT_ISSUED,
          "no certificate has been issued for %s yet: the ingress serves its built-in one"
              .formatted(host));
    }
    if (leaf.getNotAfter().toInstant().isBefore(now)) {
      return problem(
          Reason.CHECKS_FAILED,
          "the certificate of %s expired at %s".formatted(host, leaf.getNotAfter().toInstant()));
    }
    var asked = host.toLowerCase(Locale.ROOT);
    if (names(leaf).stream().noneMatch(name -> covers(name, asked))) {
      return problem(
          Reason.CHECKS_FAILED,
          "the certificate served for %s is for %s".formatted(host, names(leaf)));
    }
    var issuer = leaf.getIssuerX500Principal().getName();
    return switch (server) {
      case LetsEncryptStaging ->
          issuer.contains("(STAGING)")
              ? Optional.empty()
              : unexpected(host, issuer, "Let's Encrypt staging");
      case LetsEncrypt ->
          issuer.contains("O=Let's Encrypt")
              ? untrusted(chain, host, trust)
              : unexpected(host, issuer, "Let's Encrypt");
      case Custom -> untrusted(chain, host, trust);
    };
  }

  /** A wildcard stands for exactly one whole label, the leftmost one (RFC 6125, 6.4.3). */
  private static boolean covers(String name, String host) {
    if (!name.startsWith("*.")) {
      return name.equals(host);
    }
    var parent = name.substring(2);
    int dot = host.indexOf('.');
    return dot > 0 && parent.contains(".") && host.substring(dot + 1).equals(parent);
  }

  private static Optional<Problem> untrusted(
      List<X509Certificate> chain, String host, X509TrustManager trust) {
    try {
      trust.checkServerTrusted(chain.toArray(X509Certificate[]::new), "UNKNOWN");
      return Optional.empty();
    } catch (CertificateException e) {
      return problem(
          Reason.CHECKS_FAILED,
          "the certificate of %s, issued by %s, does not chain to an expected authority"
              .formatted(host, chain.getFirst().getIssuerX500Principal().getName()));
    }
  }

  private static Optional<Problem> unexpected(String host, String issuer, String expected) {
    return problem(
        Reason.CHECKS_FAILED,
        "the certificate of %s is issued by %s, not by %s".formatted(host, issuer, expected));
  }

  private static List<String> names(X509Certificate leaf) {
    try {
      Collection<List<?>> names = leaf.getSubjectAlternativeNames();
      return names == null
          ? List.of()
          : names.stream()
              .filter(name -> Integer.valueOf(DNS_NAME).equals(name.getFirst()))
              .map(name -> String.valueOf(name.get(1)).toLowerCase(Locale.ROOT))
              .toList();
    } catch (CertificateParsingException e) {
      return List.of();
    }
  }

  private static Optional<Problem> problem(Reason reason, String message) {
    return Optional.of(new Problem(reason, message));
  }

  /** A finding of a check. */
  record Problem(Reason reason, String message) {}
}
