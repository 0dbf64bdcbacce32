/** The stages of the plan, what a stage can say of itself, and how that becomes conditions. */
package ru.scoliologic.staging.stage;
