package ru.scoliologic.staging.cluster;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Map;

/**
 * Puts back a list whose entry was given another key by hand, such as a port of a Service.
 * Server-side apply would set the planned entry beside the changed one, and the server refuses the
 * two together, for ever. So the planned lists take the place of what is there; fields that others
 * added elsewhere stay.
 */
final class ListReplacement {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int INVALID = 422;

  /** Its entry is removed again: what it set must belong to the apply entry alone. */
  private static final String MANAGER = FieldOwnership.MANAGER + "-replacement";

  private ListReplacement() {}

  /** Whether the answer may come from such a list. */
  static boolean mayHelp(HasMetadata planned, KubernetesClientException e) {
    return e.getCode() == INVALID && spec(planned) != null;
  }

  /** Replaces the lists and applies the object again. */
  static HasMetadata apply(KubernetesClient client, HasMetadata planned) {
    var lists =
        new PatchContext.Builder()
            .withPatchType(PatchType.JSON_MERGE)
            .withFieldManager(MANAGER)
            .build();
    client
        .resource(planned)
        .patch(lists, JSON.valueToTree(Map.of("spec", spec(planned))).toString());
    var applied =
        client
            .resource(planned)
            .fieldManager(FieldOwnership.MANAGER)
            .forceConflicts()
            .serverSideApply();
    var entries =
        applied.getMetadata().getManagedFields().stream()
            .filter(entry -> !MANAGER.equals(entry.getManager()))
            .toList();
    var forgotten =
        Map.of(
            "metadata",
            Map.of(
                "managedFields",
                entries,
                "resourceVersion",
                applied.getMetadata().getResourceVersion()));
    return client
        .resource(planned)
        .patch(PatchContext.of(PatchType.JSON_MERGE), JSON.valueToTree(forgotten).toString());
  }

  private static Object spec(HasMetadata planned) {
    return JSON.convertValue(planned, Map.class).get("spec");
  }
}
