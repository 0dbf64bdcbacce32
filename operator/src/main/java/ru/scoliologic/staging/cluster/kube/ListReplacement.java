package ru.scoliologic.staging.cluster.kube;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Map;
import ru.scoliologic.staging.stage.Reason;

/**
 * Restores a list in which a user changed the key of an entry, such as a port of a Service.
 * Server-side apply would add the planned entry beside the changed one, which the server rejects
 * each time. The planned lists therefore replace the existing ones; fields that others added
 * elsewhere stay.
 */
final class ListReplacement {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Its entry is removed afterwards: the apply entry must be the only owner. */
  private static final String MANAGER = FieldOwnership.MANAGER + "-replacement";

  private ListReplacement() {}

  /** Whether the error may come from such a list. */
  static boolean mayHelp(HasMetadata planned, KubernetesClientException e) {
    return spec(planned) != null
        && Refusal.of(planned, e).filter(no -> no.reason() == Reason.OBJECT_INVALID).isPresent();
  }

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
