package ru.scoliologic.staging;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cel.bundle.CelFactory;
import dev.cel.common.types.SimpleType;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.luaj.vm2.LuaTable;
import org.luaj.vm2.LuaValue;
import org.luaj.vm2.lib.jse.JsePlatform;
import ru.scoliologic.staging.stage.Conditions;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.Stage;
import ru.scoliologic.staging.stage.StageResult;

/** What Argo CD and Flux make of a status, by the files of {@code manifests/}. */
class GitOpsHealthTest {
  private static final Path MANIFESTS = Path.of("..", "manifests");
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A status as the operator publishes it.
   *
   * @param observed the generation it speaks of, of an environment at generation 2
   * @param result what Ready says; none for an environment that nobody has looked at
   */
  record Case(String when, int observed, StageResult result, String argo, String flux) {
    @Override
    public String toString() {
      return when;
    }
  }

  static List<Case> cases() {
    return List.of(
        new Case("no status", -1, null, "Progressing", "inProgress"),
        new Case(
            "a status of an older spec",
            1,
            new StageResult.Ready(Reason.READY, "serves"),
            "Progressing",
            "inProgress"),
        new Case(
            "waiting",
            2,
            new StageResult.Waiting(Reason.COMPONENTS_STARTING, "starting"),
            "Progressing",
            "inProgress"),
        new Case("ready", 2, new StageResult.Ready(Reason.READY, "serves"), "Healthy", "current"),
        new Case(
            "ready with remarks",
            2,
            new StageResult.Ready(Reason.PASSED_WITH_REMARKS, "serves with 2 remarks"),
            "Healthy",
            "current"),
        new Case(
            "failing and retried",
            2,
            new StageResult.Failing(Reason.CHECKS_FAILED, "status 500"),
            "Degraded",
            "unknown"),
        new Case(
            "stalled",
            2,
            new StageResult.Stalled(Reason.INVALID_SPEC, "spec.domains is missing"),
            "Degraded",
            "failed"),
        new Case(
            "suspended while it was ready",
            2,
            new StageResult.Ready(Reason.SUSPENDED, "suspended"),
            "Suspended",
            "current"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void argo_cd_sees(Case given) throws Exception {
    var globals = JsePlatform.standardGlobals();
    globals.set("obj", lua(environment(given)));

    var health =
        globals.load(Files.readString(MANIFESTS.resolve("argocd/health.lua")), "health").call();

    assertThat(health.get("status").tojstring()).isEqualTo(given.argo());
    assertThat(health.get("message").tojstring()).isNotBlank();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void flux_sees(Case given) throws Exception {
    var expressions = fluxExpressions();
    var environment = environment(given);

    var seen = "unknown";
    // The order in which Flux asks.
    for (var name : List.of("inProgress", "failed", "current")) {
      if (seen.equals("unknown") && evaluate(expressions.get(name), environment)) {
        seen = name;
      }
    }

    assertThat(seen).isEqualTo(given.flux());
  }

  private static Map<String, Object> environment(Case given) {
    var environment = new HashMap<String, Object>();
    environment.put("metadata", Map.of("name", "demo", "generation", 2L));
    var status = new HashMap<String, Object>();
    if (given.result() != null) {
      var conditions =
          new Conditions(List.of(), given.observed(), Given.NOW)
              .of(Stage.of(false), Map.of(Stage.INFRASTRUCTURE, given.result()), given.result());
      status.put(
          "conditions",
          JSON.convertValue(conditions, new TypeReference<List<Map<String, Object>>>() {}));
    }
    status.put("observedGeneration", (long) given.observed());
    environment.put("status", status);
    return environment;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, String> fluxExpressions() throws Exception {
    var patch =
        new KubernetesSerialization()
            .unmarshal(
                Files.readString(MANIFESTS.resolve("flux/kustomization-patch.yaml")),
                GenericKubernetesResource.class);
    var spec = (Map<String, Object>) patch.getAdditionalProperties().get("spec");
    return ((List<Map<String, String>>) spec.get("healthCheckExprs")).getFirst();
  }

  private static boolean evaluate(String expression, Map<String, Object> variables)
      throws Exception {
    var cel =
        CelFactory.plannerCelBuilder()
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addCompilerLibraries(CelExtensions.strings())
            .addVar("status", SimpleType.DYN)
            .addVar("metadata", SimpleType.DYN)
            .build();
    return (boolean) cel.createProgram(cel.compile(expression).getAst()).eval(variables);
  }

  private static LuaValue lua(Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        var table = new LuaTable();
        map.forEach((key, entry) -> table.set(key.toString(), lua(entry)));
        yield table;
      }
      case List<?> list -> {
        var table = new LuaTable();
        for (int i = 0; i < list.size(); i++) {
          table.set(i + 1, lua(list.get(i)));
        }
        yield table;
      }
      case Number number -> LuaValue.valueOf(number.doubleValue());
      default -> LuaValue.valueOf(value.toString());
    };
  }

  @Test
  void a_new_environment_is_in_progress_by_plain_kstatus_too() throws Exception {
    var crd =
        new KubernetesSerialization()
            .unmarshal(
                Files.readString(
                    Path.of("..", "crds", "stagingenvironments.staging.scoliologic.ru-v1.yml")),
                CustomResourceDefinition.class);

    var schema = crd.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema();

    // Without a status a default inside it does not apply, and no status counts as done.
    assertThat(schema.getProperties().get("status").getDefault().get("observedGeneration").asInt())
        .isEqualTo(-1);
  }
}
