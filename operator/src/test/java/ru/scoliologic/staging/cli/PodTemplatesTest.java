package ru.scoliologic.staging.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * A pod template that changes restarts the pods of every environment when the operator is upgraded.
 * So the templates of the golden environments are held by their hashes: who changes one knows it.
 */
class PodTemplatesTest {
  private static final Path HASHES = RenderTest.GOLDEN.resolve("pod-templates.txt");
  private static final Pattern DOCUMENT = Pattern.compile("(?m)^---$");
  private static final ObjectMapper JSON =
      new ObjectMapper().configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true);

  @Test
  void no_pod_template_changes_by_accident() throws IOException {
    var lines = new ArrayList<String>();
    for (var golden : RenderTest.cases().toList()) {
      var documents = DOCUMENT.splitAsStream(Files.readString(golden.resolve("out.yaml"))).toList();
      for (var document : documents) {
        if (!document.isBlank()) {
          template(golden.getFileName().toString(), document, lines);
        }
      }
    }
    if (Boolean.getBoolean("templates.write")) {
      Files.write(HASHES, lines);
    }

    assertThat(lines).hasSizeGreaterThan(20);
    var changed = new ArrayList<>(Files.readAllLines(HASHES));
    changed.removeAll(lines);
    lines.removeAll(Files.readAllLines(HASHES));
    changed.addAll(lines);
    assertThat(changed)
        .as(
            "pod templates by hash, before and now: their pods restart when the operator is"
                + " upgraded. If that must be, run with -Dtemplates.write=true, commit %s and name"
                + " the pods in docs/operations.md, Upgrades that restart pods",
            HASHES)
        .isEmpty();
  }

  private static void template(String golden, String document, List<String> lines)
      throws IOException {
    Map<?, ?> object = new KubernetesSerialization().unmarshal(document, Map.class);
    // A Job's pods end, and the next ones are of the new template anyway.
    if (!Set.of("Deployment", "StatefulSet").contains(object.get("kind"))) {
      return;
    }
    lines.add(
        "%s %s/%s %s"
            .formatted(
                golden,
                object.get("kind"),
                ((Map<?, ?>) object.get("metadata")).get("name"),
                hash(((Map<?, ?>) object.get("spec")).get("template"))));
  }

  private static String hash(Object template) throws IOException {
    try {
      var digest =
          MessageDigest.getInstance("SHA-256")
              .digest(JSON.writeValueAsString(template).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
