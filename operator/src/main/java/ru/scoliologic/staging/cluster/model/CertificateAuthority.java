package ru.scoliologic.staging.cluster.model;

import java.util.Optional;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.IngressSpec.Acme;
import ru.scoliologic.staging.api.IngressSpec.CaBundle;
import ru.scoliologic.staging.api.IngressSpec.Server;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Hash;

/**
 * An ACME server.
 *
 * @param resolver Traefik's name for it
 * @param server its kind
 * @param directory its URL
 * @param caBundle source of its PEM certificates; null for the system's roots
 */
public record CertificateAuthority(
    String resolver, Server server, String directory, CaBundle caBundle) {
  private static final String LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";
  private static final String LETS_ENCRYPT_STAGING =
      "https://acme-staging-v02.api.letsencrypt.org/directory";
  private static final int SUFFIX = 6;

  /** The issuer behind a shared controller is unknown: its chain must be trusted. */
  private static final CertificateAuthority SHARED =
      new CertificateAuthority("shared", Server.Custom, "", null);

  /** The authority in use at present: the first one until it has issued, if there is one. */
  public static CertificateAuthority inUse(StagingEnvironment environment) {
    var wanted = wanted(environment);
    return first(environment)
        .filter(first -> !first.equals(wanted))
        .filter(first -> !wanted.resolver().equals(recorded(environment)))
        .orElse(wanted);
  }

  /** The authority whose certificates the environment must have in the end. */
  public static CertificateAuthority wanted(StagingEnvironment environment) {
    if (environment.getSpec().ingress().sharesController()) {
      return SHARED;
    }
    var acme = acme(environment);
    return of(acme.server(), acme.directory(), acme.caBundle());
  }

  private static Optional<CertificateAuthority> first(StagingEnvironment environment) {
    return Optional.ofNullable(acme(environment))
        .filter(acme -> !environment.getSpec().ingress().sharesController())
        .map(Acme::first)
        .map(first -> of(first.server(), first.directory(), first.caBundle()));
  }

  private static String recorded(StagingEnvironment environment) {
    var status = environment.getStatus();
    return status == null || status.acme() == null ? null : status.acme().authority();
  }

  private static Acme acme(StagingEnvironment environment) {
    IngressSpec ingress = environment.getSpec().ingress();
    return ingress.acme();
  }

  /**
   * Each authority has its own resolver name: Traefik stores certificates by resolver, so a shared
   * name would keep serving those of the previous authority.
   */
  private static CertificateAuthority of(Server server, String directory, CaBundle caBundle) {
    return switch (server) {
      case LetsEncrypt -> new CertificateAuthority("letsencrypt", server, LETS_ENCRYPT, caBundle);
      case LetsEncryptStaging ->
          new CertificateAuthority("letsencrypt-staging", server, LETS_ENCRYPT_STAGING, caBundle);
      case Custom ->
          new CertificateAuthority(
              "custom-" + Hash.of(directory).substring(0, SUFFIX), server, directory, caBundle);
    };
  }
}
