/** The stages of the plan, their results, and the conversion of results to conditions. */
package ru.scoliologic.staging.stage;
