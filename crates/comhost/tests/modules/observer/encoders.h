// What the test module does with the encoding objects of the host.
#ifndef ENCODERS_H
#define ENCODERS_H

#include <functional>
#include <string>

// Uses each through its table and by name, and writes down what comes of it.
void use_encoders(const std::function<void(const std::string &)> &write);

#endif
