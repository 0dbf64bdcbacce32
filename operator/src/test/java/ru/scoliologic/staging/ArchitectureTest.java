package ru.scoliologic.staging;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitectureTest {
  private static final String ROOT = "ru.scoliologic.staging";
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  /** What components are built on, and what is built on them; every other package is one. */
  private static final Set<String> LAYERS = Set.of("api", "stage", "cluster", "reconcile", "cli");

  private static final List<String> COMPONENTS =
      CLASSES.stream()
          .map(type -> type.getPackageName())
          .filter(name -> name.startsWith(ROOT + "."))
          .map(name -> name.substring(ROOT.length() + 1).split("[.]", 2)[0])
          .filter(name -> !LAYERS.contains(name))
          .distinct()
          .sorted()
          .toList();

  static Stream<String> components() {
    return COMPONENTS.stream();
  }

  @Test
  void the_api_imports_nothing_of_the_project() {
    classes()
        .that()
        .resideInAPackage(ROOT + ".api..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(ROOT + ".api..", "java..", "com.fasterxml.jackson..", "io.fabric8..")
        .check(CLASSES);
  }

  @ParameterizedTest
  @MethodSource("components")
  void a_component_knows_no_other_component(String component) {
    var others =
        COMPONENTS.stream()
            .filter(other -> !other.equals(component))
            .map(other -> ROOT + "." + other + "..")
            .toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage(ROOT + "." + component + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others)
        .orShould()
        .dependOnClassesThat()
        .resideInAnyPackage(ROOT + ".reconcile..", ROOT + ".cli..")
        .check(CLASSES);
  }

  @Test
  void only_the_reconcilers_and_the_program_know_the_operator_sdk() {
    noClasses()
        .that()
        .resideOutsideOfPackages(ROOT + ".reconcile..", ROOT + ".cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.javaoperatorsdk..")
        .check(CLASSES);
  }

  @Test
  void builders_of_objects_use_no_client_and_no_clock() {
    noClasses()
        .that()
        .haveSimpleNameEndingWith("Resources")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("io.fabric8.kubernetes.client.KubernetesClient")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.time.Clock")
        .check(CLASSES);
  }

  /** What a pass does, in this order: a phase may use those before it. */
  private static final List<String> PHASES =
      List.of("telemetry", "observe", "validate", "plan", "check", "assess", "publish");

  static Stream<String> phases() {
    return PHASES.stream();
  }

  @ParameterizedTest
  @MethodSource("phases")
  void a_phase_of_a_pass_knows_only_those_before_it(String phase) {
    var later =
        PHASES.stream()
            .skip(PHASES.indexOf(phase) + 1L)
            .map(next -> ROOT + ".reconcile." + next + "..")
            .toList();
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".reconcile." + phase + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            Stream.concat(later.stream(), Stream.of(ROOT + ".reconcile")).toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void every_phase_has_its_place_in_the_order() {
    var packages =
        CLASSES.stream()
            .map(type -> type.getPackageName())
            .filter(name -> name.startsWith(ROOT + ".reconcile."))
            .map(name -> name.substring((ROOT + ".reconcile.").length()))
            .distinct();

    assertThat(packages).containsExactlyInAnyOrderElementsOf(PHASES);
  }

  @Test
  void what_validates_plans_assesses_or_decides_does_no_io_and_reads_no_clock() {
    noClasses()
        .that()
        .resideInAnyPackage(
            ROOT + ".reconcile.validate..",
            ROOT + ".reconcile.plan..",
            ROOT + ".reconcile.assess..",
            ROOT + ".release..")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("io.fabric8.kubernetes.client.KubernetesClient")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.time.Clock")
        .orShould()
        .dependOnClassesThat()
        .resideInAnyPackage("java.net.http..", "java.nio.file..", "java.util.concurrent..")
        .check(CLASSES);
  }

  @Test
  void texts_are_masked_and_logs_are_read_without_knowing_kubernetes() {
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + ".cluster.masking..", ROOT + ".cluster.log..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.fabric8..", ROOT + ".cluster.kube..", ROOT + ".cluster.model..")
        .check(CLASSES);
  }

  private static final int MOST_COMPONENTS = 6;

  /** Larger records, each with the reason why it stays. */
  private static final Map<String, String> LARGE_RECORDS =
      Map.of(
          "agent.AgentFiles", "one path for each option of the command",
          "configuration.RotationState", "kept as JSON in an annotation, as its fields are",
          "configuration.RotationState$Attempt", "kept as JSON in an annotation, as its fields are",
          "notification.NotificationContent", "the flat list of what a message may show");

  /** The records of the API have the fields of the schema. */
  @Test
  void a_record_has_few_enough_components_to_tell_them_apart() {
    var large =
        CLASSES.stream()
            .filter(type -> !type.getPackageName().startsWith(ROOT + ".api"))
            .filter(type -> type.isRecord())
            .filter(type -> type.reflect().getRecordComponents().length > MOST_COMPONENTS)
            .map(type -> type.getName().substring(ROOT.length() + 1));

    assertThat(large).containsExactlyInAnyOrderElementsOf(LARGE_RECORDS.keySet());
  }

  /** The collections that outlast a pass outside the memories, and why no environment stays in. */
  private static final Map<String, String> SHARED_STATE =
      Map.ofEntries(
          entry("EnvironmentMemories.memories", "the memories themselves"),
          entry("BackgroundPool.shares", "a namespace leaves with its last task"),
          entry("NamedObjects.named", "an object leaves with the memory of its last reader"),
          entry(
              "ReadYourWritesInformer.written",
              "until the watch reports the write or the deletion"),
          entry("CompactItemStore.objects", "as the watch reports"),
          entry("OwnedObjectCache.sources", "by kind of object"),
          entry("SilentRegistries.silences", "by host of a registry, for a time"),
          entry("OperatorMetrics.timeOfStage", "by stage"),
          entry("SchemaRules.problems", "of one validation"),
          entry("DeniedTrafficExplainer.listed", "by namespace, for ten seconds"),
          entry("ReferencedObjects.namespaces", "what the operator watches"));

  @Test
  void what_is_remembered_of_an_environment_is_a_part_of_its_memory() {
    var collections =
        CLASSES.stream()
            .filter(type -> type.getPackageName().startsWith(ROOT + ".reconcile"))
            .filter(type -> type.isTopLevelClass() && !type.isRecord())
            .flatMap(type -> type.getFields().stream())
            .filter(field -> !field.getModifiers().contains(JavaModifier.STATIC))
            .filter(field ->
                Stream.of(Map.class, Set.class, Queue.class)
                    .anyMatch(field.getRawType()::isAssignableTo))
            .map(field -> field.getOwner().getSimpleName() + "." + field.getName());

    assertThat(collections)
        .as("use EnvironmentMemories.slot(), or say here why nothing stays behind")
        .containsExactlyInAnyOrderElementsOf(SHARED_STATE.keySet());
  }
}
