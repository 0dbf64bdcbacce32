package ru.scoliologic.staging;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
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
  private static final List<String> COMPONENTS =
      List.of(
          "infrastructure",
          "configuration",
          "ingress",
          "app",
          "postgres",
          "redis",
          "release",
          "validation",
          "monitoring",
          "notification",
          "ollama",
          "agent",
          "registry",
          "gitops");

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
}
