// setup/pe_image.cpp has it before its other includes; nothing of it is needed here.
#pragma once
