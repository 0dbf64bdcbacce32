package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.Optional;
import ru.scoliologic.staging.api.IngressSpec;

/** Looks whether a certificate was issued, by a TLS handshake under the domain's name. */
public final class CertificateProbe {
  private static final int HTTPS = 443;

  private final Clock clock;

  public CertificateProbe(Clock clock) {
    this.clock = clock;
  }

  /**
   * Whether the certificate that is served is good and of the authority; nothing when nobody
   * answers. Takes seconds at most.
   */
  public Optional<Boolean> issued(
      String address, String domain, IngressSpec.Server server, String caBundle) {
    try {
      return Optional.of(
          CertificateVerdict.judge(
                  Certificates.served(address, HTTPS, domain),
                  domain,
                  server,
                  Certificates.trusting(caBundle),
                  clock.instant())
              .isEmpty());
    } catch (IOException | GeneralSecurityException e) {
      return Optional.empty();
    }
  }
}
