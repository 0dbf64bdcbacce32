package ru.scoliologic.staging.ingress;

import ru.scoliologic.staging.api.IngressSpec.Acme;
import ru.scoliologic.staging.cluster.Hash;

/** What Traefik needs to know of an ACME server. */
record CertificateAuthority(String resolver, String directory) {
  private static final String LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";
  private static final String LETS_ENCRYPT_STAGING =
      "https://acme-staging-v02.api.letsencrypt.org/directory";
  private static final int SUFFIX = 6;

  /**
   * One resolver name for each authority: Traefik keeps certificates by resolver, so a shared name
   * would go on serving those of the authority before.
   */
  static CertificateAuthority of(Acme acme) {
    return switch (acme.server()) {
      case LetsEncrypt -> new CertificateAuthority("letsencrypt", LETS_ENCRYPT);
      case LetsEncryptStaging ->
          new CertificateAuthority("letsencrypt-staging", LETS_ENCRYPT_STAGING);
      case Custom ->
          new CertificateAuthority(
              "custom-" + Hash.of(acme.directory()).substring(0, SUFFIX), acme.directory());
    };
  }
}
