package ru.scoliologic.staging.throwaway;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaMiscPEMGenerator;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObjectGenerator;
import org.bouncycastle.util.io.pem.PemWriter;

/**
 * A certificate for names inside the cluster, from an authority made for it alone. All parts are
 * PEM.
 */
public record TestCertificates(
    String authority, String authorityKey, String certificate, String key) {

  public static TestCertificates issue(String... names) {
    try {
      KeyPair root = keys();
      KeyPair server = keys();
      X500Name authorityName = new X500Name("CN=Throwaway ACME server CA");
      X509CertificateHolder authority =
          certificate(authorityName, authorityName, root, 1)
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(root.getPrivate()));
      GeneralName[] alternatives =
          Arrays.stream(names)
              .map(name -> new GeneralName(GeneralName.dNSName, name))
              .toArray(GeneralName[]::new);
      X509CertificateHolder certificate =
          certificate(authorityName, new X500Name("CN=" + names[0]), server, 2)
              .addExtension(Extension.subjectAlternativeName, false, new GeneralNames(alternatives))
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(root.getPrivate()));
      return new TestCertificates(
          pem(new JcaMiscPEMGenerator(authority)),
          pem(new JcaPKCS8Generator(root.getPrivate(), null)),
          pem(new JcaMiscPEMGenerator(certificate)),
          pem(new JcaPKCS8Generator(server.getPrivate(), null)));
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new ClusterException("the certificate for " + names[0] + " could not be made", e);
    }
  }

  private static JcaX509v3CertificateBuilder certificate(
      X500Name issuer, X500Name subject, KeyPair keys, int serial) {
    Instant now = Instant.now();
    return new JcaX509v3CertificateBuilder(
        issuer,
        BigInteger.valueOf(serial),
        Date.from(now.minus(Duration.ofHours(1))),
        Date.from(now.plus(Duration.ofDays(3650))),
        subject,
        keys.getPublic());
  }

  private static KeyPair keys() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static String pem(PemObjectGenerator object) throws IOException {
    StringWriter text = new StringWriter();
    try (PemWriter writer = new PemWriter(text)) {
      writer.writeObject(object);
    }
    return text.toString();
  }
}
